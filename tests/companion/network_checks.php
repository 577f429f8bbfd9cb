<?php
/**
 * What the plugin must do on a network: every site has its own tables; prints one line for each check.
 *
 * @package wcflow-companion
 */

/**
 * Throws where two values differ.
 *
 * @param mixed  $wanted Value.
 * @param mixed  $found  Value.
 * @param string $what   What it is about.
 */
function same( $wanted, $found, $what = '' ) {
	if ( $wanted !== $found ) {
		throw new Exception( "$what: wanted " . wp_json_encode( $wanted ) . ', found ' . wp_json_encode( $found ) );
	}
}

try {
	global $wpdb;
	same( true, is_multisite(), 'network' );
	$second = wp_insert_site( array( 'domain' => 'shop.example', 'path' => '/two/', 'user_id' => 1 ) );
	same( true, is_int( $second ), 'site' );
	$first = Wcflow_Tables::epoch();
	switch_to_blog( $second );
	same( '', Wcflow_Tables::epoch(), 'epoch before' );
	Wcflow_Tables::install();
	same( 0, Wcflow_People::count(), 'people' );
	same( false, Wcflow_Tables::epoch() === $first, 'epochs differ' );
	same( "{$wpdb->base_prefix}{$second}_wcflow_people", Wcflow_Tables::name( 'people' ), 'table' );
	Wcflow_People::save( array( 'person' => 1, 'name' => 'Only here' ) );
	Wcflow_Streams::flush();
	$before = Wcflow_Streams::bounds( 'changes' )['last'];
	Wcflow_Streams::append_change( 'order', 5, 'saved' );
	restore_current_blog();
	Wcflow_Streams::append_change( 'order', 6, 'saved' );
	Wcflow_Streams::append_change( 'order', 7, 'saved' );
	$here = Wcflow_Streams::bounds( 'changes' )['last'];
	Wcflow_Streams::flush();
	same( $here + 2, Wcflow_Streams::bounds( 'changes' )['last'], 'changes of the first site' );
	same( null, Wcflow_People::find( 1 ), 'a person of the other site' );
	same( 1, get_current_blog_id(), 'site again' );
	switch_to_blog( $second );
	same( $before + 1, Wcflow_Streams::bounds( 'changes' )['last'], 'changes of the second site' );
	restore_current_blog();
	echo "ok every site has its own tables\n";

	wp_delete_site( $second );
	same( array(), $wpdb->get_col( "SHOW TABLES LIKE '{$wpdb->base_prefix}{$second}\_wcflow%'" ), 'tables of a site that was deleted' );
	echo "ok a site's tables go with it\n";

	$third = wp_insert_site( array( 'domain' => 'shop.example', 'path' => '/three/', 'user_id' => 1 ) );
	switch_to_blog( $third );
	Wcflow_Tables::install();
	restore_current_blog();
	Wcflow_Streams::flush();
	define( 'WP_UNINSTALL_PLUGIN', 'wcflow-companion/wcflow-companion.php' );
	require WP_PLUGIN_DIR . '/wcflow-companion/uninstall.php';
	same( array(), $wpdb->get_col( "SHOW TABLES LIKE '%wcflow%'" ), 'tables' );
	echo "ok uninstalled on every site\n";
} catch ( Throwable $fault ) {
	echo 'not ok: ', $fault->getMessage(), ' (', basename( $fault->getFile() ), ':', $fault->getLine(), ")\n";
}
