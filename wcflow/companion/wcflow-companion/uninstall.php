<?php
/**
 * Removes the plugin's tables and options; tags and other data in orders and users stay.
 *
 * @package wcflow-companion
 */

defined( 'WP_UNINSTALL_PLUGIN' ) || exit;

require_once __DIR__ . '/includes/class-wcflow-tables.php';
require_once __DIR__ . '/includes/class-wcflow-settings.php';

if ( is_multisite() ) {
	foreach ( get_sites(
		array(
			'fields' => 'ids',
			'number' => 0,
		)
	) as $wcflow_site ) {
		switch_to_blog( $wcflow_site );
		Wcflow_Tables::uninstall();
		restore_current_blog();
	}
} else {
	Wcflow_Tables::uninstall();
}
