/**
 * Adds segment and tags to the table of WooCommerce → Customers.
 */
( function ( wp, words ) {
	'use strict';

	if ( ! wp || ! wp.hooks || ! words ) {
		return;
	}

	function link( url, text ) {
		return text && wp.element ? wp.element.createElement( 'a', { href: url }, text ) : text;
	}

	wp.hooks.addFilter( 'woocommerce_admin_report_table', 'wcflow-companion', function ( table ) {
		var data = table && table.items && table.items.data;
		if ( ! table || 'customers' !== table.endpoint || ! Array.isArray( data ) ) {
			return table;
		}
		table.headers = ( table.headers || [] ).concat( [
			{ label: words.segment, key: 'wcflow_segment', isSortable: false },
			{ label: words.tags, key: 'wcflow_tags', isSortable: false }
		] );
		table.rows = ( table.rows || [] ).map( function ( row, index ) {
			var item = data[ index ] || {};
			var segment = item.wcflow_segment || '';
			var tags = item.wcflow_tags || '';
			return row.concat( [
				{ display: link( words.list + encodeURIComponent( segment ), segment ), value: segment },
				{ display: item.wcflow_person ? link( words.page + item.wcflow_person, tags ) : tags, value: tags }
			] );
		} );
		return table;
	} );
}( window.wp, window.wcflowAnalytics ) );
